-- Points in lots of twelve months, spent and expired oldest first, of members who return nothing. Lots need no rows: of all points earned so far a
-- member has those that are neither expired nor spent, and of both the oldest are gone. A redemption is granted by what those before it have left,
-- so that the n-th of each member is decided in the n-th turn.
WITH RECURSIVE earned AS (
    SELECT member_id, instant, place, amount // 100 AS points, epoch_us(make_timestamp(instant) + INTERVAL 12 MONTHS) AS expires
    FROM facts WHERE kind = $order
), moves AS (
    SELECT member_id, instant, place, points AS earned, 0 AS old, NULL::BIGINT AS wanted FROM earned
    UNION ALL SELECT member_id, expires, -1, 0, points, NULL FROM earned WHERE expires <= $until
    UNION ALL SELECT member_id, instant, place, 0, 0, points FROM facts WHERE kind = $redeem
), so_far AS (
    SELECT member_id, instant, place, wanted, (sum(earned) OVER before)::BIGINT AS earned, (sum(old) OVER before)::BIGINT AS old
    FROM moves
    WINDOW before AS (PARTITION BY member_id ORDER BY instant, place)
), ends AS (
    SELECT member_id, max(earned) AS earned, max(old) AS old FROM so_far GROUP BY member_id
), wishes AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY instant, place) AS n FROM so_far WHERE wanted IS NOT NULL
), decided AS (
    SELECT member_id, 0::BIGINT AS n, 0::BIGINT AS gone, 0::BIGINT AS redeemed FROM ends
    UNION ALL
    SELECT
        w.member_id, w.n, greatest(d.gone, w.old) + CASE WHEN granted THEN w.wanted ELSE 0 END, d.redeemed + CASE WHEN granted THEN w.wanted ELSE 0 END
    FROM decided AS d
    JOIN wishes AS w ON w.member_id = d.member_id AND w.n = d.n + 1
    CROSS JOIN LATERAL (SELECT w.wanted > 0 AND w.wanted <= w.earned - greatest(d.gone, w.old) AS granted)
), last AS (
    SELECT member_id, max(gone) AS gone, max(redeemed) AS redeemed FROM decided GROUP BY member_id
)
SELECT member_id, e.earned - greatest(l.gone, e.old) AS available, l.redeemed, greatest(l.gone, e.old) - l.redeemed AS expired
FROM ends AS e JOIN last AS l USING (member_id)

-- The tier after every order, as the spend of twelve months has it, with the points earned so far: a row each of what moves a member's spend.
WITH orders AS (
    SELECT
        member_id, ref, instant, amount, place, make_timestamp(instant) AS bought,
        make_timestamp(instant) + INTERVAL 12 MONTHS AS later
    FROM facts WHERE kind = $order
), purchases AS (
    SELECT
        *, epoch_us(CASE WHEN day(later) = day(bought) THEN later + INTERVAL 1 MICROSECOND ELSE date_trunc('month', later) + INTERVAL 1 MONTH END) AS leaves
    FROM orders
), returned AS (
    SELECT r.member_id, r.instant, r.place, least(r.amount, o.amount) AS amount, o.leaves
    FROM facts AS r JOIN purchases AS o ON o.member_id = r.member_id AND o.ref = r.about
    WHERE r.kind = $return AND r.instant <= o.instant + $within AND r.instant < o.leaves
), moves AS (  -- at one instant what leaves the window goes first, and at once
    SELECT member_id, instant, place, amount AS spend, amount // 100 AS points FROM purchases
    UNION ALL SELECT member_id, leaves, -1, -amount, 0 FROM purchases WHERE leaves <= $until
    UNION ALL SELECT member_id, instant, place, -amount, 0 FROM returned
    UNION ALL SELECT member_id, leaves, -1, amount, 0 FROM returned WHERE leaves <= $until
), spent AS (
    SELECT member_id, instant, place, sum(spend) OVER so_far AS spend, sum(points) OVER so_far AS issued
    FROM moves
    WINDOW so_far AS (PARTITION BY member_id ORDER BY instant, place RANGE UNBOUNDED PRECEDING)
), held AS (
    SELECT *, CASE WHEN spend >= 100000 THEN 3 WHEN spend >= 50000 THEN 2 WHEN spend >= 20000 THEN 1 ELSE 0 END AS tier
    FROM spent
), changes AS (
    SELECT *, lag(tier, 1, 0) OVER (PARTITION BY member_id ORDER BY instant, place) AS before FROM held
)
SELECT
    member_id, max(issued)::BIGINT AS issued, arg_max(tier, (instant, place)) AS tier, count(*) FILTER (tier <> before) AS tier_changes,
    min(instant) FILTER (tier = 1 AND before <> 1) AS silver, min(instant) FILTER (tier = 2 AND before <> 2) AS gold,
    min(instant) FILTER (tier = 3 AND before <> 3) AS platinum
FROM changes
GROUP BY member_id

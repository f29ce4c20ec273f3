-- What members come to at one instant, where no order of facts matters: points issued, and the tier by the spend of the twelve months before.
WITH orders AS (
    SELECT
        member_id, ref, instant, amount, make_timestamp(instant) + INTERVAL 12 MONTHS >= make_timestamp($until) AS counts
    FROM facts WHERE kind = $order
), returned AS (
    SELECT r.member_id, sum(least(r.amount, o.amount)) AS amount
    FROM facts AS r JOIN orders AS o ON o.member_id = r.member_id AND o.ref = r.about
    WHERE r.kind = $return AND r.instant <= o.instant + $within AND o.counts
    GROUP BY r.member_id
), bought AS (
    SELECT member_id, sum(amount // 100) AS issued, coalesce(sum(amount) FILTER (counts), 0) AS spend FROM orders GROUP BY member_id
), spent AS (
    SELECT member_id, issued, spend - coalesce(r.amount, 0) AS spend FROM bought LEFT JOIN returned AS r USING (member_id)
)
SELECT member_id, issued::BIGINT AS issued, CASE WHEN spend >= 100000 THEN 3 WHEN spend >= 50000 THEN 2 WHEN spend >= 20000 THEN 1 ELSE 0 END AS tier
FROM spent

"""The host on Apache Kafka. Needs the extra `kafka`; nothing here is imported before a command speaks to a cluster."""

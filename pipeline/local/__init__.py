"""A real Kafka and a real Postgres on a bare machine, and the supervisor that keeps them and our processes."""

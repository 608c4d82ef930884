"""Kafka, by aiokafka's public API."""

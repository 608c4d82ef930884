// Sends one report to the topic of its source, and says where it stands.
//
//   node send-report.js 127.0.0.1:9092 hotline-113 intake.hotline.113.v1

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const ALL_REPLICAS = -1;

// Keep the event as it is until it is acknowledged: sent again with the same `id` it counts once.
function inventedReport(source) {
  const now = new Date().toISOString();
  return {
    specversion: "1.0",
    id: randomUUID(),
    source: `/sources/${source}`,
    type: "report.submitted.v1",
    time: now,
    data: {
      report_no: `${source}-${randomUUID().slice(0, 8)}`,
      channel: "hotline",
      received_at: now,
      categories: ["child_protection"],
      persons: [
        { role: "victim", name: "測試童", birth_date: "民國110年5月9日", address: "臺北市信義區市府路1號" },
      ],
      indicators: ["injury_visible"],
    },
  };
}

// Who we are at the broker: KAFKA_USER, KAFKA_PASSWORD and KAFKA_CA_FILE of the environment, as the bureau gave them; nobody,
// without encryption, where there is no KAFKA_USER, as on a machine of one's own.
function account() {
  const { KAFKA_USER: username, KAFKA_PASSWORD: password, KAFKA_CA_FILE: file } = process.env;
  if (!username) return {};
  return { ssl: file ? { ca: [readFileSync(file)] } : true, sasl: { mechanism: "scram-sha-512", username, password } };
}

async function main(bootstrap, source, topic) {
  const event = inventedReport(source);
  const called = { clientId: source, brokers: bootstrap.split(","), ...account() };
  const kafka = new Kafka({ ...called, logLevel: logLevel.ERROR });
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    const [stands] = await producer.send({
      topic,
      acks: ALL_REPLICAS,
      messages: [
        {
          key: source,
          value: JSON.stringify(event),
          headers: { "content-type": "application/cloudevents+json; charset=utf-8" },
        },
      ],
    });
    console.log(`event ${event.id} stands at ${stands.topicName}/${stands.partition}/${stands.baseOffset}`);
  } finally {
    await producer.disconnect();
  }
}

const told = process.argv.slice(2);
if (told.length !== 3) {
  console.error("usage: node send-report.js BOOTSTRAP SOURCE TOPIC");
  process.exit(1);
}
await main(...told);

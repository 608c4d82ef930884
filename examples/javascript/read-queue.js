// Reads a queue from its beginning and keeps the list of cases that wait at one centre.
//
//   node read-queue.js 127.0.0.1:9092 queue.protective.v1 63000-protective

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";

// The cases of one centre. Of each case the newest state holds; a double or a late record changes nothing.
class Waiting {
  #newest = new Map();

  constructor(centre) {
    this.centre = centre;
  }

  // Whether the record tells something new.
  take(record) {
    if (record.centre !== this.centre) return false;
    const known = this.#newest.get(record.case_id);
    if (known && !isNewer(record, known)) return false;
    this.#newest.set(record.case_id, record);
    return true;
  }

  // How many wait: a withdrawn case has left this queue or this centre.
  get size() {
    return [...this.#newest.values()].filter((record) => record.kind === "assigned").length;
  }
}

// `history` is raised when a database was put back to an older state.
function isNewer(record, known) {
  return record.history === known.history ? record.case_version > known.case_version : record.history > known.history;
}

// Who we are at the broker: KAFKA_USER, KAFKA_PASSWORD and KAFKA_CA_FILE of the environment, as the bureau gave them; nobody,
// without encryption, where there is no KAFKA_USER, as on a machine of one's own.
function account() {
  const { KAFKA_USER: username, KAFKA_PASSWORD: password, KAFKA_CA_FILE: file } = process.env;
  if (!username) return {};
  return { ssl: file ? { ca: [readFileSync(file)] } : true, sasl: { mechanism: "scram-sha-512", username, password } };
}

async function main(bootstrap, topic, centre) {
  const waiting = new Waiting(centre);
  const called = { clientId: centre, brokers: bootstrap.split(","), ...account() };
  const kafka = new Kafka({ ...called, logLevel: logLevel.ERROR });
  // A group of its own, which commits nothing: every start reads the whole queue. An account reads in groups of its own name.
  const queue = kafka.consumer({ groupId: `${process.env.KAFKA_USER ?? centre}.${randomUUID()}`, maxWaitTimeInMs: 500 });
  await queue.connect();
  await queue.subscribe({ topic, fromBeginning: true });
  await queue.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      const record = JSON.parse(message.value.toString());
      if (waiting.take(record)) {
        const { kind, case_id, event_id, priority, next_deadline } = record;
        console.log(kind, case_id, event_id, priority, next_deadline, `waiting ${waiting.size}`);
      }
    },
  });
}

const told = process.argv.slice(2);
if (told.length !== 3) {
  console.error("usage: node read-queue.js BOOTSTRAP TOPIC CENTRE");
  process.exit(1);
}
await main(...told);

// What one centre knows of its queue.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";

// The cases of one centre. Of each case the newest state holds; a double or a late record changes nothing.
export class Waiting {
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
    return this.mostPressingFirst().length;
  }

  mostPressingFirst() {
    const here = [...this.#newest.values()].filter((record) => record.kind === "assigned");
    return here.sort((one, other) => Date.parse(one.next_deadline) - Date.parse(other.next_deadline));
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

// Hands every record of the queue to `take`, from its beginning on.
export async function reader(bootstrap, topic, centre, take) {
  const called = { clientId: centre, brokers: bootstrap.split(","), ...account() };
  const kafka = new Kafka({ ...called, logLevel: logLevel.ERROR });
  // A group of its own, which commits nothing: every start reads the whole queue. An account reads in groups of its own name.
  const queue = kafka.consumer({ groupId: `${process.env.KAFKA_USER ?? centre}.${randomUUID()}`, maxWaitTimeInMs: 500 });
  await queue.connect();
  await queue.subscribe({ topic, fromBeginning: true });
  await queue.run({ autoCommit: false, eachMessage: async ({ message }) => take(JSON.parse(message.value.toString())) });
}

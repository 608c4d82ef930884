// Reads a queue from its beginning and keeps the list of cases that wait at one centre.
//
//   node read-queue.js 127.0.0.1:9092 queue.protective.v1 63000-protective

import { reader, Waiting } from "./queue.js";

async function main(bootstrap, topic, centre) {
  const waiting = new Waiting(centre);
  await reader(bootstrap, topic, centre, (record) => {
    if (waiting.take(record)) {
      const { kind, case_id, event_id, priority, next_deadline } = record;
      console.log(kind, case_id, event_id, priority, next_deadline, `waiting ${waiting.size}`);
    }
  });
}

const told = process.argv.slice(2);
if (told.length !== 3) {
  console.error("usage: node read-queue.js BOOTSTRAP TOPIC CENTRE");
  process.exit(1);
}
await main(...told);

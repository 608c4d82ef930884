// Works at one centre's queue: takes what waits there in hand, most pressing first, and says what becomes of it.
//
//   DESK_TOKEN=... node work-queue.js 127.0.0.1:9092 queue.protective.v1 63000-protective http://127.0.0.1:8114
//
// Whoever signed in at the desk (POST /v1/session) is who does it. For each case that it could claim it prints a line and reads one
// from its standard input: `open` opens the case, anything else gives it back. The queue is read by Kafka; the desk alone decides
// who has a case.

import { createInterface } from "node:readline";
import { reader, Waiting } from "./queue.js";

const NOTHING_NEW_MS = 1000;

// One act. The same key asks for the same act: after a lost answer it is done once, and answered as it was.
async function call(desk, method, path, key, said) {
  const headers = { Authorization: `Bearer ${process.env.DESK_TOKEN}`, "Idempotency-Key": key };
  if (said) headers["Content-Type"] = "application/json";
  const answer = await fetch(desk + path, { method, headers, body: said && JSON.stringify(said), signal: AbortSignal.timeout(10_000) });
  return [answer.status, await answer.json()];
}

// Claims the case and does what a person says; the word for what came of it.
async function workOn(record, desk, lines) {
  const path = `/v1/cases/${record.case_id}`;
  const key = record.message_id;
  const [status, claim] = await call(desk, "POST", `${path}/claim`, `claim ${key}`);
  if (status !== 200) return claim.code; // another has it, or it is no longer ours: the queue will say so, too
  console.log("claimed", record.case_id, record.priority, claim.lease_until);
  const fence = claim.fence; // whoever lost the case meanwhile writes nothing
  const word = (await lines.next()).value?.trim();
  const [code, done] =
    word === "open"
      ? await call(desk, "POST", `${path}/screening`, `open ${key}`, { fence, outcome: "open" })
      : await call(desk, "DELETE", `${path}/claim?fence=${fence}`, `back ${key}`);
  return code === 200 ? done.stage : done.code;
}

async function main(bootstrap, topic, centre, desk) {
  const waiting = new Waiting(centre);
  const lookedAt = new Set();
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  let newsAt = Date.now();
  await reader(bootstrap, topic, centre, (record) => {
    waiting.take(record);
    newsAt = Date.now();
  });
  for (;;) {
    await new Promise((wake) => setTimeout(wake, NOTHING_NEW_MS / 4));
    if (Date.now() - newsAt < NOTHING_NEW_MS) continue; // first all that is known: what was withdrawn since is not claimed
    const state = (record) => `${record.case_id} ${record.history} ${record.case_version}`;
    const record = waiting.mostPressingFirst().find((one) => !lookedAt.has(state(one)));
    if (!record) continue;
    lookedAt.add(state(record));
    console.log(await workOn(record, desk, lines), record.case_id);
  }
}

const told = process.argv.slice(2);
if (told.length !== 4) {
  console.error("usage: DESK_TOKEN=... node work-queue.js BOOTSTRAP TOPIC CENTRE DESK");
  process.exit(1);
}
await main(...told);

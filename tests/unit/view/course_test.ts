import assert from "node:assert/strict";
import { drawCourse } from "../../../src/view/course.ts";
import { risingSamples } from "../../kit/fakes/job.ts";

const BLOCKS = { blocks: true };

Deno.test("drawCourse() draws memory and CPU, each against its own axis", () => {
  const lines = drawCourse(risingSamples(61), BLOCKS);
  assert.deepEqual(lines.filter((line) => /^\w/.test(line)), ["memory", "cpu"]);
  assert.match(lines[1]!, /^ {2}61\.0M ┤ +[▁▂▃▄▅▆▇█]+█$/);
  assert.match(lines[7]!, /^ {5}0B └─{60}$/);
  assert.match(lines[8]!, /^ +0s +1m$/);
  // Half a core all the while.
  assert.match(lines[10]!, /^ {2}50% ┤█{60}$/);
});

Deno.test("drawCourse() of fewer than three samples, or of a kernel that tells nothing, draws nothing", () => {
  assert.deepEqual(drawCourse(risingSamples(2), BLOCKS), []);
  assert.deepEqual(drawCourse([], BLOCKS), []);
  const unknown = risingSamples(9).map((sample) => ({ ...sample, memoryBytes: null }));
  assert.deepEqual(drawCourse(unknown, BLOCKS).filter((line) => /^\w/.test(line)), ["cpu"]);
});

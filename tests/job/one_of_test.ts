import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { oneOf } from "../../src/job/one_of.ts";

const parse = oneOf("--by", ["name", "user", "day"]);

Deno.test("oneOf() takes a word of the list as it is", () => {
  assert.equal(parse("user"), "user");
});

Deno.test("oneOf() refuses any other with the list, and with the near one", () => {
  const refusal = (text: string) => {
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof UsageError);
      return error.message;
    }
    assert.fail(`${text} was taken`);
  };
  assert.equal(refusal("usre"), '--by: "usre" is none of name, user, day, did you mean user?');
  assert.equal(refusal("weekly"), '--by: "weekly" is none of name, user, day');
});

import assert from "node:assert/strict";
import { errorCode, isForbidden, isVanished } from "../../../src/base/errno.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

/** As the runtime throws an error that it has no `code` for. */
const plain = (number: number) => new Error(`Some words (os error ${number}): readfile '/x'`);
const coded = (code: string) => Object.assign(new Error("Some words"), { code });

Deno.test("errorCode() reads the code of a real error", () => {
  assert.equal(errorCode(thrownBy(() => Deno.readTextFileSync("/nonexistent"))), "ENOENT");
  assert.equal(errorCode(thrownBy(() => Deno.readTextFileSync("/"))), "EISDIR");
  assert.equal(errorCode(thrownBy(() => Deno.readTextFileSync("/etc/passwd/x"))), "ENOTDIR");
});

Deno.test("errorCode() knows the errors for which the runtime sets no code", () => {
  assert.equal(errorCode(plain(3)), "ESRCH");
  assert.equal(errorCode(plain(19)), "ENODEV");
});

Deno.test("errorCode() of anything else is null", () => {
  for (const other of [null, undefined, "ENOENT", new Error("os error 2"), plain(5)]) {
    assert.equal(errorCode(other), null);
  }
});

Deno.test("isVanished() knows ENOENT, ENODEV and ESRCH and no others", () => {
  assert.ok(isVanished(thrownBy(() => Deno.readTextFileSync("/nonexistent"))));
  assert.ok(isVanished(thrownBy(() => Deno.kill(4_194_303, "SIGTERM"))), "ESRCH of kill(2)");
  for (const number of [3, 19]) assert.ok(isVanished(plain(number)), String(number));
  for (const error of [coded("EIO"), coded("EACCES"), plain(1), "ENOENT", null]) {
    assert.ok(!isVanished(error));
  }
});

Deno.test("isForbidden() knows EACCES and EPERM and no others", () => {
  for (const code of ["EACCES", "EPERM"]) assert.ok(isForbidden(coded(code)), code);
  assert.ok(isForbidden(new Deno.errors.PermissionDenied("x")));
  for (const error of [coded("ENOENT"), coded("EROFS"), "EPERM", null]) assert.ok(!isForbidden(error));
});

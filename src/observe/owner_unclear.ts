/** What was not understood of an owner's answers, each thing once: a warning, or a finding of a sweep. Pure. */
import { quoted } from "../base/text.ts";
import type { Finding } from "../job/finding.ts";
import type { OwnersAnswers } from "./owner_answers.ts";

/** A program that prints its log in place of answers is named, and not repeated. */
const AT_MOST = 5;
const TEXT_CHARACTERS = 100;

/** One finding for each word, or line, that is not like another but for its numbers. */
export function unclearFindings({ unclear }: OwnersAnswers): Finding[] {
  const found = new Map<string, Finding>();
  for (const { ref, text } of unclear) {
    // A line with the time in it is the same thing at each sweep.
    const key = `owner ${ref === null ? "line" : "state"} ${
      text.replace(/\d+/g, "#").slice(0, TEXT_CHARACTERS)
    }`;
    if (found.has(key)) continue;
    const what = quoted(text, TEXT_CHARACTERS);
    const message = ref === null
      ? `the status command printed ${what}, which begins with no ref that was asked for`
      : `the status command printed ${what} for ${
        quoted(ref, TEXT_CHARACTERS)
      }, which is not understood: if it means finished, name it in finished-statuses`;
    found.set(key, { kind: "unclear-answer", key, id: null, pid: null, message });
  }
  return [...found.values()].slice(0, AT_MOST);
}

/** The same as lines. */
export function unclearLines(answers: OwnersAnswers): string[] {
  return unclearFindings(answers).map(({ message }) => message);
}

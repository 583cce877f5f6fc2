import { Option } from "@commander-js/extra-typings";

/**
 * An option that takes one of a few words: they are completed by the shells. `parse` reads the value and refuses all others in
 * corral's own words, so commander does not check it; the description names them.
 */
export function choiceOption<Flags extends string, T>(
  flags: Flags,
  description: string,
  choice: { values: readonly string[]; parse: (text: string) => T },
) {
  const option = new Option(flags, description).argParser(choice.parse);
  option.argChoices = [...choice.values];
  return option;
}

/** An option whose words the shells complete, and which is read elsewhere. */
export function wordOption<Flags extends string>(
  flags: Flags,
  description: string,
  values: readonly string[],
) {
  return choiceOption(flags, description, { values, parse: (text) => text });
}

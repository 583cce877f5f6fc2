/** What `corral install` puts below the share directory: manual and completions, with their text. */
import type { SharedFile } from "../act/install/wanted.ts";
import { VERSION } from "../base/version.ts";
import type { ProgramForm } from "../view/command_tree.ts";
import { COMPLETIONS, SHELLS } from "../view/completion/completion.ts";
import { manualFiles, manualPath, PAGE_KEYS } from "../view/manual/manual.ts";

/** Where the shells look for completions. */
const COMPLETION_PATHS: Readonly<Record<typeof SHELLS[number], string>> = {
  bash: "bash-completion/completions/corral",
  zsh: "zsh/site-functions/_corral",
  fish: "fish/vendor_completions.d/corral.fish",
};

/** Paths below the share directory. */
export const SHARED_PATHS: readonly string[] = [
  ...PAGE_KEYS.map(manualPath),
  ...SHELLS.map((shell) => COMPLETION_PATHS[shell]),
];

/** In the order of SHARED_PATHS. */
export function sharedFilesOf(program: ProgramForm): SharedFile[] {
  return [
    ...manualFiles(program, VERSION).map((file) => ({ ...file, commentSign: '.\\"' })),
    ...SHELLS.map((shell) => ({
      path: COMPLETION_PATHS[shell],
      text: COMPLETIONS[shell](program),
      commentSign: "#",
    })),
  ];
}

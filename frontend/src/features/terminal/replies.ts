/** What a terminal says by itself, in answer to a program; told apart from keys, pastes and the mouse. */
const ESC = '\\x1b'
const REPLY = new RegExp(
  [
    `${ESC}\\[[?>=]?[\\d;]*[cnRtu]`, // what it is, how it is, where the cursor stands, how large, which keys
    `${ESC}\\[\\??[\\d;]*\\$y`, // whether a mode is on
    `${ESC}\\[[IO]`, // the window came to the front, or left it
    `${ESC}P[^]*${ESC}\\\\`, // settings and capabilities
    `${ESC}\\][^]*(?:\\x07|${ESC}\\\\)`, // colours
  ]
    .map((form) => `^(?:${form})$`)
    .join('|'),
)

/** `key` is what the last key stands for: some keys say the same as some answers. */
export function isReply(data: string, key: string | null): boolean {
  return data !== key && REPLY.test(data)
}

/** Which files can be shown as what they are, by their name. */
const IMAGES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
}
const MARKDOWN = new Set(['md', 'markdown', 'mdown'])

function endingOf(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
}

export function imageType(path: string): string | null {
  return IMAGES[endingOf(path)] ?? null
}

export function isMarkdown(path: string): boolean {
  return MARKDOWN.has(endingOf(path))
}

/** Text that has another look than its source. */
export function hasPreview(path: string): boolean {
  return isMarkdown(path) || imageType(path) !== null
}

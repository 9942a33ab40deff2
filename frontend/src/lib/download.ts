/** Has the browser save what an address of our own gives, without leaving the page; an empty name takes the server's. */
export function download(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}

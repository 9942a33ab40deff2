/**
 * Where menus and tooltips are attached: inside the page's landmark, so that they belong to a part of the page. An
 * open dialog hides all of that from assistive technology; then they go to the body.
 */
export function overlayRoot(): HTMLElement | undefined {
  if (document.querySelector('[role=dialog],[role=alertdialog]')) return undefined
  return document.querySelector('main') ?? undefined
}

/**
 * Where menus and tooltips are attached: inside the dialog that is open, else inside the page's landmark, so that they
 * belong to a part of the page. An open dialog hides all else from assistive technology.
 */
export function overlayRoot(): HTMLElement | undefined {
  const dialogs = document.querySelectorAll<HTMLElement>('[role=dialog],[role=alertdialog]')
  return [...dialogs].at(-1) ?? document.querySelector('main') ?? undefined
}

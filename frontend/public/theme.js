// Runs before the first paint, in a file of its own because the content policy allows no inline script.
;(() => {
  let choice = 'system'
  try {
    choice = localStorage.getItem('opm.theme') || 'system'
  } catch {
    // Storage can be switched off; the system's choice is a fine default.
  }
  const dark =
    choice === 'dark' || (choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()

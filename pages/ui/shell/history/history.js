// One entry of the browser's history for each page that was visited, so that Back leads to the page before.
//
// Streamlit adds an entry for every word that a script writes into the link. Back would then lead to the same page with
// a word less, the script would write it again, and the visitor would get no further back.
export default function () {
  if (history.pushState.isOfPages) return // the document outlives the script's runs
  const push = history.pushState.bind(history)
  const replace = history.replaceState.bind(history)
  let left = null // the whole link of a page whose words Streamlit has just taken away, on the way to another page

  const write = (state, unused, url) => {
    const next = new URL(url ?? location.href, location.href)
    if (next.pathname !== location.pathname) {
      if (left) replace(history.state, "", left)
      left = null
      push(state, unused, url)
      return
    }
    if (location.search && !next.search) {
      const former = (left = location.href)
      setTimeout(() => {
        if (left === former) left = null // the page stayed
      }, 3000)
    }
    replace(state, unused, url)
  }
  write.isOfPages = true
  history.pushState = write
}

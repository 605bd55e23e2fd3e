// The browser's own field for a day: its calendar speaks the reader's language and follows the page's theme.
const TYPING_MS = 400

export function render({model}) {
  const label = document.createElement("label")
  const input = document.createElement("input")
  input.type = "date"
  label.append(model.label, input)
  const show = () => { input.value = model.day }
  let typing = null
  input.addEventListener("change", () => {
    clearTimeout(typing)  // a year that is being typed is a date at each of its digits
    typing = setTimeout(() => { model.day = input.value }, TYPING_MS)
  })
  model.on("day", show)
  show()
  return label
}

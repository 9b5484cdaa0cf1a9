-- What pandoc's Markdown cannot say by itself: named blocks and spans become typst functions of report.typ, pictures keep their alt text.

local typst = FORMAT == "typst"

local blocks = { card = true, cards = true, caption = true, summary = true, source = true, byline = true, wide = true }
local spans = { right = true, wrong = true, kind = true, question = true, number = true, interval = true }

local function named(classes, known)
  for _, class in ipairs(classes) do
    if known[class] then return class end
  end
end

local function raw(text) return pandoc.RawBlock("typst", text) end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

function Image(image)
  if not typst then return nil end
  local width = image.attributes.width and (", width: " .. image.attributes.width) or ""
  local alt = image.attributes.alt and (", alt: " .. quoted(image.attributes.alt)) or ""
  return pandoc.RawInline("typst", "#image(" .. quoted(image.src) .. width .. alt .. ")")
end

function Span(span)
  local class = named(span.classes, spans)
  if not (typst and class) then return nil end
  local inlines = pandoc.Inlines(span.content)
  inlines:insert(1, pandoc.RawInline("typst", "#styled-" .. class .. "["))
  inlines:insert(pandoc.RawInline("typst", "]"))
  return inlines
end

function Div(div)
  if div.classes:includes("contents") then
    return typst and raw("#styled-contents") or {}
  end
  local class = named(div.classes, blocks)
  if not (typst and class) then return nil end
  local content = pandoc.Blocks(div.content)
  if class == "card" then
    content:insert(2, raw("]["))
  end
  content:insert(1, raw("#styled-" .. class .. "["))
  content:insert(raw(div.identifier ~= "" and ("] <" .. div.identifier .. ">") or "]"))
  return content
end

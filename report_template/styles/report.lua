-- What pandoc's Markdown cannot say by itself: named blocks and spans become typst functions of report.typ, pictures keep their alt text.

local typst = FORMAT == "typst"

local blocks = { card = true, cards = true, caption = true, summary = true, source = true, byline = true, wide = true, long = true,
  pair = true, datacard = true, glance = true, findings = true, thumbnails = true, way = true }
local parted = { card = 1, pair = 1, thumbnails = math.huge, cards = math.huge } -- into arguments of their function: one block at the start, or all
local spans = { right = true, wrong = true, kind = true, question = true, number = true, interval = true, beside = true }

local function named(classes, known)
  for _, class in ipairs(classes) do
    if known[class] then return class end
  end
end

-- In HTML a wide table scrolls by itself, and its caption stands outside what scrolls.
local function framed(div)
  local tabular = div.content[1]
  local caption, label = tabular.caption, tabular.identifier
  tabular.caption, tabular.identifier = { long = {} }, ""
  return pandoc.Figure({ pandoc.Div({ tabular }, pandoc.Attr("", { "wide" })) }, caption, pandoc.Attr(label, { "tabular" }))
end

-- The marks behind the heading of an item or a question, "(2.5 marks)", get a name: the contents beside the text leave them out.
function Header(header)
  if typst or not (header.identifier:find("^item:") or header.identifier:find("^sec:question%-")) then return nil end
  for first = #header.content, 1, -1 do
    if pandoc.utils.stringify(header.content[first]):find("^%(") then
      local marks = pandoc.Span({ table.unpack(header.content, first) }, pandoc.Attr("", { "marks" }))
      header.content = pandoc.Inlines({ table.unpack(header.content, 1, first - 1) })
      header.content:insert(marks)
      return header
    end
  end
end

local function raw(text) return pandoc.RawBlock("typst", text) end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

-- Where a picture has an animation, the page holds both and its style shows one of them; paper has the picture.
local function animated(image)
  local moving = image:clone()
  moving.identifier, moving.src, moving.classes = "", image.attributes.animation, { "animation" }
  image.classes:insert("still")
  moving.attributes.animation, image.attributes.animation = nil, nil
  return { image, moving }
end

function Image(image)
  if not typst then return image.attributes.animation and animated(image) or nil end
  local width = image.attributes.width and (", width: " .. image.attributes.width) or ""
  local words = image.attributes.alt or pandoc.utils.stringify(image.caption) -- of a figure, pandoc has made the one the other
  local alt = words ~= "" and (", alt: " .. quoted(words)) or ""
  return pandoc.RawInline("typst", "#image(" .. quoted(image.src) .. width .. alt .. ")")
end

-- A browser never breaks a formula in two: one on a line of its own, or a long one within a line, gets a box that can be scrolled on a
-- narrow screen.
local longest_formula = 45

function Math(formula)
  if typst then return nil end
  if formula.mathtype == "DisplayMath" then return pandoc.Span({ formula }, pandoc.Attr("", { "display" })) end
  if #formula.text <= longest_formula then return nil end
  return pandoc.Span({ formula }, pandoc.Attr("", { "formula" }))
end

-- On paper the words above numbers stand in lines of about the numbers' width, and leave the first columns theirs.
local longest_heading = 12

local function folded(inlines)
  local length = 0
  return inlines:walk({
    traverse = "topdown",
    Str = function(word) length = length + utf8.len(word.text) end,
    Space = function()
      length = length + 1
      if length > longest_heading / 2 then
        length = 0
        return pandoc.LineBreak()
      end
    end,
  })
end

-- In Persian words are flush right too, but a column of numbers has no long cell.
local function has_numbers(tabular, place)
  for _, body in ipairs(tabular.bodies) do
    for _, row in ipairs(body.body) do
      if utf8.len(pandoc.utils.stringify(row.cells[place].contents)) > 2 * longest_heading then return false end
    end
  end
  return tabular.colspecs[place][1] == "AlignRight"
end

function Table(tabular)
  if not typst then return nil end
  for _, row in ipairs(tabular.head.rows) do
    for place, cell in ipairs(row.cells) do
      local numbers = has_numbers(tabular, place)
      local words = #cell.contents == 1 and cell.contents[1]
      if numbers and words and utf8.len(pandoc.utils.stringify(words)) > longest_heading then words.content = folded(words.content) end
    end
  end
  return tabular
end

-- A browser breaks a line behind a dash: not within an interval such as 36.6–40.8, in either language's digits.
function Str(text)
  if typst or not (text.text:find("%d–") or text.text:find("\xDB[\xB0-\xB9]–")) then return nil end
  return pandoc.Span({ text }, pandoc.Attr("", { "whole" }))
end

function Span(span)
  if typst and span.classes:includes("data") then return {} end -- only the page lies beside the files that it links to
  if span.classes:includes("page") then
    return typst and pandoc.RawInline("typst", "#styled-page(<" .. span.attributes.of .. ">)") or {}
  end
  local class = named(span.classes, spans)
  if not (typst and class) then return nil end
  local inlines = pandoc.Inlines(span.content)
  inlines:insert(1, pandoc.RawInline("typst", "#styled-" .. class .. "["))
  inlines:insert(pandoc.RawInline("typst", "]"))
  return inlines
end

-- When, whether right, and the answer, which alone may need a second line.
local card_columns = { 0.34, 0.28, 0.38 }

local function with_card_columns(tabular)
  for place, column in ipairs(tabular.colspecs) do column[2] = card_columns[place] end
  return tabular
end

function Div(div)
  if div.classes:includes("contents") then
    return typst and raw("#styled-contents") or {}
  end
  local class = named(div.classes, blocks)
  if not typst and (class == "wide" or class == "long") then
    return framed(div)
  end
  if not (typst and class) then return nil end
  if class == "card" then div = div:walk({ Table = with_card_columns }) end
  local content = pandoc.Blocks({})
  for place, block in ipairs(div.content) do
    content:insert(block)
    if parted[class] and place <= parted[class] and place < #div.content then content:insert(raw("][")) end
  end
  content:insert(1, raw("#styled-" .. class .. "["))
  content:insert(raw(div.identifier ~= "" and ("] <" .. div.identifier .. ">") or "]"))
  return (class == "card" or class == "caption") and pandoc.Div(content) or content -- each one argument of the cards around it
end

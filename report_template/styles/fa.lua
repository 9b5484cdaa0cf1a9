-- Persian, on paper and on the page alike. Code and templates write ASCII digits: they become Persian here and nowhere else, except in words
-- that hold a Latin letter, in code, formulas and addresses. What is Latin is kept in one piece by Unicode's isolates, for beside a
-- right-to-left neighbour its digits and marks would change sides.

local left_to_right, first_strong, close = "\u{2066}", "\u{2068}", "\u{2069}"

local function isolated(inlines, mark)
  inlines = pandoc.Inlines(inlines)
  inlines:insert(1, pandoc.Str(mark or left_to_right))
  inlines:insert(pandoc.Str(close))
  return inlines
end

local function has_latin(text) return text:find("%a") ~= nil end

local function has_persian(text)
  for _, code in utf8.codes(text) do
    if code >= 0x620 and code <= 0x6D3 then return true end -- the letters of Unicode's Arabic block
  end
  return false
end

local function digits(text)
  return (text:gsub("%d", function(digit) return utf8.char(0x6F0 + tonumber(digit)) end))
end

-- The number of an item or a section, 1.2.1: its points stay, and it reads from left to right.
local function numbered(text)
  return (text:gsub("%d[%d.]*%d", function(number) return left_to_right .. digits(number) .. close end):gsub("%d", digits))
end

local function number_in_persian(number)
  local body, stop = number:match("^(.-)([.,]*)$")
  if select(2, body:gsub("%.", "")) > 1 then return numbered(body) .. stop end -- no decimal number
  body = body:gsub("(%d),(%d%d%d)", "%1٬%2"):gsub("(%d),(%d%d%d)", "%1٬%2"):gsub("(%d)%.(%d)", "%1٫%2")
  return digits(body) .. stop
end

local function in_persian(text)
  for _, sign in ipairs({ "−", "±", "%+" }) do -- a sign stays on its number's left
    text = text:gsub(sign .. "%d[%d.,]*", function(number)
      local body, stop = number:match("^(.-)([.,]*)$")
      return left_to_right .. body .. close .. stop
    end)
  end
  return (text:gsub("%d[%d.,]*", number_in_persian):gsub("%%", "٪"):gsub("→", "←"))
end

-- Whether a character goes with Latin letters where it touches them: all of the Latin blocks but spaces and «», and dashes and quotes.
local function goes_with_latin(code)
  return (code > 0x20 and code < 0x250 and code ~= 0xA0 and code ~= 0xAB and code ~= 0xBB) or (code >= 0x2010 and code <= 0x201D)
end

-- The parts of a word, each Latin or not: "(CLIP)ها" is "(", "CLIP", ")ها".
local function parts_of(text)
  local parts, start, latin = {}, 1, nil
  local function cut(stop)
    local part = text:sub(start, stop)
    if part == "" then return end
    local before, core, after = part:match("^([%(%[\"']*)(.-)([%)%]\"'.,:;!?]*)$")
    if latin and has_latin(core) then
      if before ~= "" then table.insert(parts, { text = in_persian(before) }) end
      table.insert(parts, { text = core, latin = true })
      if after ~= "" then table.insert(parts, { text = in_persian(after) }) end
    else
      table.insert(parts, { text = in_persian(part) })
    end
  end
  for place, code in utf8.codes(text) do
    local goes = goes_with_latin(code)
    if latin ~= nil and goes ~= latin then
      cut(place - 1)
      start = place
    end
    latin = goes
  end
  cut(#text)
  return parts
end

-- Digits of all words, and each run of Latin words in an isolate of its own.
local function set_line(inlines)
  local line, run, spaces = pandoc.Inlines({}), pandoc.Inlines({}), pandoc.Inlines({})
  local function flush()
    if #run > 0 then line:extend(isolated(run)) end
    line:extend(spaces)
    run, spaces = pandoc.Inlines({}), pandoc.Inlines({})
  end
  local function add_latin(inline)
    run:extend(spaces)
    run:insert(inline)
    spaces = pandoc.Inlines({})
  end
  for _, inline in ipairs(inlines) do
    if inline.t == "Str" then
      for _, part in ipairs(parts_of(inline.text)) do
        if part.latin then
          add_latin(pandoc.Str(part.text))
        else
          flush()
          line:insert(pandoc.Str(part.text))
        end
      end
    elseif inline.t == "Code" then
      add_latin(inline)
    elseif (inline.t == "Space" or inline.t == "SoftBreak") and #run > 0 then
      spaces:insert(inline)
    else
      flush()
      line:insert(inline)
    end
  end
  flush()
  return line
end

-- A paragraph or cell without a Persian letter but with Latin ones is left as it is, from left to right.
local function foreign(block)
  local latin, persian = false, false
  block:walk({
    Str = function(word)
      latin, persian = latin or has_latin(word.text), persian or has_persian(word.text)
    end,
    Code = function() latin = true end,
  })
  if not latin or persian then return nil end
  block.content = isolated(block.content)
  return block, false
end

local function aligned(rows)
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      if cell.alignment ~= "AlignDefault" then cell.alignment = "AlignRight" end
    end
  end
end

return {
  {
    traverse = "topdown",
    Plain = foreign,
    Para = foreign,
    Inlines = set_line,
    Header = function(header)
      local first = header.content[1]
      if first and first.t == "Str" and first.text:find("^%d[%d.]*$") then header.content[1] = pandoc.Str(numbered(first.text)) end
      return header
    end,
    Link = function(link)
      if not link.target:find("^#item:") then return nil end
      return link:walk({ Str = function(word) return pandoc.Str(numbered(word.text)) end }), false
    end,
    Quoted = function(quoted)
      local content = pandoc.Inlines(quoted.content)
      content:insert(1, pandoc.Str("«"))
      content:insert(pandoc.Str("»"))
      return content
    end,
    Span = function(span)
      if span.classes:includes("question") or span.classes:includes("kind") then -- the data's own words, in whatever script
        span.content = isolated(span.content, first_strong)
        return span, false
      end
    end,
    Div = function(div)
      if not div.classes:includes("source") then return nil end
      div.attributes.dir = "ltr"
      return div:walk({
        Span = function(span)
          if span.classes:includes("number") then return span:walk({ Str = function(word) return pandoc.Str(digits(word.text)) end }) end
        end,
      }), false
    end,
    -- Text begins on the right, and digits stand above digits of the same place there.
    Table = function(tabular)
      for _, column in ipairs(tabular.colspecs) do
        if column[1] ~= "AlignDefault" then column[1] = "AlignRight" end
      end
      aligned(tabular.head.rows)
      for _, body in ipairs(tabular.bodies) do aligned(body.body) end
      return tabular
    end,
  },
}

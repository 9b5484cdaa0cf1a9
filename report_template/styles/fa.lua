-- Persian, on paper and on the page alike. Code and templates write ASCII digits: they become Persian here and nowhere else, except in words
-- that hold a Latin letter, in code, formulas and addresses. What is Latin is kept in one piece by Unicode's isolates, for beside a
-- right-to-left neighbour its digits and marks would change sides.

local left_to_right, first_strong, close = "\u{2066}", "\u{2068}", "\u{2069}"

local longest_whole_formula = 60

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

-- A number, and the full stop or comma behind it.
local function parted(number)
  local body, stop = number:match("^(.-)([.,]*)$")
  return body, (stop:gsub(",", "،"))
end

local function number_in_persian(number)
  local body, stop = parted(number)
  if select(2, body:gsub("%.", "")) > 1 then return numbered(body) .. stop end -- no decimal number
  body = body:gsub("(%d),(%d%d%d)", "%1٬%2"):gsub("(%d),(%d%d%d)", "%1٬%2"):gsub("(%d)%.(%d)", "%1٫%2")
  return digits(body) .. stop
end

local function in_persian(text)
  for _, sign in ipairs({ "−", "±", "%+", "<" }) do -- a sign stays on its number's left
    text = text:gsub(sign .. "%d[%d.,]*", function(number)
      local body, stop = parted(number)
      return left_to_right .. body .. close .. stop
    end)
  end
  return (text:gsub("%d[%d.,]*", number_in_persian):gsub("%%", "٪"):gsub("→", "←"))
end

-- Whether a character goes with Latin letters and digits where it touches them: the Latin blocks but spaces and «», dashes, quotes, minus.
local function goes_with_latin(code)
  return (code > 0x20 and code < 0x250 and code ~= 0xA0 and code ~= 0xAB and code ~= 0xBB) or (code >= 0x2010 and code <= 0x201D) or code == 0x2212
end

local function has_something_to_set(text) return text:find("[%w%%]") ~= nil or text:find("→", 1, true) ~= nil end

-- The parts of a word, each Latin or not: "(CLIP)ها" is "(", "CLIP", ")ها". A mark that may join two Latin words is a `joint`.
local function parts_of(text)
  local parts, start, latin = {}, 1, nil
  local function add(part) if part.text ~= "" then table.insert(parts, part) end end
  local function cut(stop)
    local part = text:sub(start, stop)
    local before, core, after = part:match("^([%(%[\"']*)(.-)([%)%]\"'.,:;!?]*)$")
    if core == "al" and after:sub(1, 1) == "." then core, after = "al.", after:sub(2) end -- of "et al.", no end of a sentence
    if latin and has_latin(core) then
      add({ text = before })
      add({ text = core, latin = true })
      add({ text = after, joint = after:find("^[.,:;]$") ~= nil })
    else
      add({ text = in_persian(part) })
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

-- About how many signs a formula prints.
local function breadth(formula) return utf8.len((formula:gsub("\\%a+", "m"):gsub("[{}%s\\,]", ""))) end

-- Digits of all words, and each run of Latin words in an isolate of its own; what stands between two of them belongs to it.
local function set_line(inlines)
  local tags, texts, needed = {}, {}, false
  for place, inline in ipairs(inlines) do
    local tag = inline.t
    local text = tag == "Str" and inline.text
    tags[place], texts[place] = tag, text
    needed = needed or tag == "Code" or (text and has_something_to_set(text))
  end
  if not needed then return nil end
  local line, run, between = pandoc.Inlines({}), pandoc.Inlines({}), pandoc.Inlines({})
  local function flush()
    if #run > 0 then line:extend(isolated(run)) end
    line:extend(between)
    run, between = pandoc.Inlines({}), pandoc.Inlines({})
  end
  local function add(inline, latin, joint)
    if latin then
      run:extend(between)
      run:insert(inline)
      between = pandoc.Inlines({})
    elseif joint and #run > 0 then
      between:insert(inline)
    else
      flush()
      line:insert(inline)
    end
  end
  for place, inline in ipairs(inlines) do
    local tag, text = tags[place], texts[place]
    if text and not has_something_to_set(text) then
      add(inline)
    elseif text then
      for _, part in ipairs(parts_of(text)) do add(pandoc.Str(part.text), part.latin, part.joint) end
    else
      add(inline, tag == "Code", tag == "Space" or tag == "SoftBreak")
    end
  end
  flush()
  return line
end

-- The words of data and machines in whatever script, and names with a number.
local given = { question = true, kind = true, answer = true, verbatim = true }

local function is_given(span) return span.classes:find_if(function(class) return given[class] end) ~= nil end

local function scripts_of(inlines)
  local latin, persian = false, false
  for _, inline in ipairs(inlines) do
    local tag = inline.t
    if tag == "Str" then
      latin, persian = latin or has_latin(inline.text), persian or has_persian(inline.text)
    elseif tag == "Code" then
      latin = true
    elseif inline.content and not (tag == "Span" and is_given(inline)) then
      local latin_below, persian_below = scripts_of(inline.content)
      latin, persian = latin or latin_below, persian or persian_below
    end
    if persian then break end
  end
  return latin, persian
end

-- A paragraph or cell without a Persian letter but with Latin ones is left as it is, from left to right, but for the numbers of sources.
local function foreign(block)
  local latin, persian = scripts_of(block.content)
  if not latin or persian then return nil end
  block = block:walk({
    Link = function(link)
      if link.target:find("^#source:") then return link:walk({ Str = function(word) return pandoc.Str(digits(word.text)) end }) end
    end,
  })
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
    Math = function(formula) -- one that is broken would go on at the other end of the next line
      if FORMAT ~= "typst" or formula.mathtype ~= "InlineMath" or breadth(formula.text) > longest_whole_formula then return nil end
      return { pandoc.RawInline("typst", "#box["), formula, pandoc.RawInline("typst", "]") }, false
    end,
    Quoted = function(quoted)
      local content = pandoc.Inlines(quoted.content)
      content:insert(1, pandoc.Str("«"))
      content:insert(pandoc.Str("»"))
      return content
    end,
    Span = function(span)
      if is_given(span) then
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

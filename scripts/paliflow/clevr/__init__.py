"""CLEVR: scenes rendered, questions asked, releases read and checked, subsets taken. In reading order:

What all share: `vocabulary` (the words), `program` (execute a question's program), `cogent` (the conditions A and B).

Rendering: `looks` (camera and field), `stage` (floor, lamps, surfaces), `solids` (rounded shapes), `scene` (draw one), `render` (Mitsuba),
`collection` (many, in parallel).

Asking: `families` (the table of them), `phrases` (what a question speaks of), `chains` (relations followed through a scene), `candidates`
(valid questions of a family), `wording` (the English), `questions` (which to ask, in balance).

Reading: `stream` (JSON record by record), `archive` (folder or zip), `wording_kinds` (a question's kind from its text), `records` (one
question or scene, checked), `picture` (one picture, checked), `release` (all of it together), `hub_stream` and `hub` (from the model hub).

Checking: `findings` (what is counted), `check_pictures`, `check`.

Taking a subset: `divide` (which pictures, on which side), `subset` (their rows), `card` (what they hold), `examples` (a few to show).
"""

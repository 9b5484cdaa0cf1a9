"""The library behind every stage of the study: clevr, vlm, flow and report, and the few modules that all of them share."""

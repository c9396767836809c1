"""Reads flows with cxblueprint, and prints what it finds in each, as JSON."""
import json
import sys

from cxblueprint import Flow, FlowAnalyzer

report = {}
for path in sys.argv[1:]:
    try:
        flow = Flow.decompile(path)
    except ValueError as error:
        report[path] = {"refused": str(error)}
        continue
    analyzer = FlowAnalyzer(flow.blocks, flow._start_action)
    report[path] = {
        "blocks": [block.identifier for block in flow.blocks],
        "unreachable": analyzer.find_orphaned_blocks(),
        "unhandled": analyzer.find_missing_error_handlers(),
    }
print(json.dumps(report))

"""End with code 1 where a model reads devices: python stop_a_pipeline.py MODEL FILMS"""

import sys

import xray

try:
    result = xray.audit(sys.argv[1], sys.argv[2])
except xray.XrayError as error:
    sys.exit(f"The audit failed: {error}")
print(result)
sys.exit(1 if result.verdict == "reads_devices" else 0)

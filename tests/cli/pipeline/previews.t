# What passed proposals leave to be tried out.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| previews: { assets: [ "*.deb", "!*-dbg.deb" ], keep: 48h }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
> slipway.yaml is good: project 'demo', jobs: 1, streams: 0, targets: 0

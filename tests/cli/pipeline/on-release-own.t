# A project that follows its own releases.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| on: { release: published }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
> slipway.yaml is good: project 'demo', jobs: 1, streams: 0, targets: 0

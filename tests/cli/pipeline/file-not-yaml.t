# What is not YAML is told with its place.
# schema: n/a: not YAML
file slipway.yaml
| slipway: 1
| project: [demo
| jobs: {}
$ slipway check
! slipway.yaml:4:1: not YAML: flow sequence without a closing bracket
= 1

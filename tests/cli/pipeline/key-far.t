# A key near to nothing lists what is known.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     qqqqqq: 1
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:5: unknown key 'qqqqqq' in job 'build'; known are: needs, when, matrix, executor, root, network, env, timeout, retry, limits, steps, artifacts, …
!         qqqqqq: 1
!         ^
= 1

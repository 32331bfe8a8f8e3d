# Both halves of retry are needed.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     retry: { exit-codes: [75] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:12: 'retry' of job 'build' has no 'max'
!         retry: { exit-codes: [75] }
!                ^
= 1

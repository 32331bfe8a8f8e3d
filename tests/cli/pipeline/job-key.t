# A misspelt key of a job.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     tiemout: 1m
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:5: unknown key 'tiemout' in job 'build'; did you mean 'timeout'?
!         tiemout: 1m
!         ^
= 1

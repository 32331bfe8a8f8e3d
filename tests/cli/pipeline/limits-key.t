# An unknown limit.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     limits: { memroy: 1GiB }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:15: unknown key 'memroy' in 'limits' of job 'build'; did you mean 'memory'?
!         limits: { memroy: 1GiB }
!                   ^
= 1

# An executor that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     executor: sandbx
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:15: 'executor' cannot be 'sandbx'; did you mean 'sandbox'?
!         executor: sandbx
!                   ^
= 1

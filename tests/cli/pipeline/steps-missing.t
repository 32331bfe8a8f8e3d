# A job without steps.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: 1m
$ slipway check
! slipway.yaml:4:3: job 'build' has no 'steps'
!       build:
!       ^
= 1

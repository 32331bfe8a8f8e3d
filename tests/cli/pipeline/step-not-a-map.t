# A step is a map.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ make ]
$ slipway check
! slipway.yaml:5:14: step 1 of job 'build' must be a map, not text
!         steps: [ make ]
!                  ^
= 1

# An unknown condition.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: { brunch: main }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:13: unknown key 'brunch' in 'when' of job 'build'; did you mean 'branch'?
!         when: { brunch: main }
!                 ^
= 1

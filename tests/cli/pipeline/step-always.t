# Only true and false are truths.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make, always: yes } ]
$ slipway check
! slipway.yaml:5:35: 'always' must be true or false
!         steps: [ { run: make, always: yes } ]
!                                       ^
= 1

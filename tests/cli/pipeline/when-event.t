# An event that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: { event: [ push, tga ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:28: 'event' cannot be 'tga'; did you mean 'tag'?
!         when: { event: [ push, tga ] }
!                                ^
= 1

# An expression that ends too early.
# schema: accepts: expressions are only text to a schema
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: (event == "push"
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:27: 'when' of job 'build': expected ')', found the end
!         when: (event == "push"
!                               ^
= 1

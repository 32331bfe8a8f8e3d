# A bad glob inside an expression.
# schema: accepts: expressions are only text to a schema
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: branch =~ ["main", "a//b"]
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:30: 'when' of job 'build': cannot use glob 'a//b': empty part at column 3
!         when: branch =~ ["main", "a//b"]
!                                  ^
= 1

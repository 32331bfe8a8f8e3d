# A name that means nothing, with its place inside the expression.
# schema: accepts: expressions are only text to a schema
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64 ] }
|     when: 'event == "push" && matrix.arhc == "amd64"'
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:6:31: 'when' of job 'build': unknown name 'matrix.arhc'; did you mean 'matrix.arch'?
!         when: 'event == "push" && matrix.arhc == "amd64"'
!                                   ^
= 1

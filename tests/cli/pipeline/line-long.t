# A long line is cut around the caret.
# schema: accepts: a schema does not look into text
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { A: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx${bad}yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:168: '${bad}' means nothing here; known are: event, ref, branch, tag, commit, project, stream, version
!     xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx${bad}yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
!                                             ^
= 1

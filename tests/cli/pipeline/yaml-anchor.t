# Anchors and aliases make a file mean what it does not show.
# schema: accepts: the parser has resolved anchors before the schema looks
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: &e { A: b }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:10: anchors ('&name') are not allowed
!         env: &e { A: b }
!              ^
= 1

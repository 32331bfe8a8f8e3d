# A file of a later version is not guessed at.
# schema: refuses
file slipway.yaml
| slipway: 2
| project: demo
| news: []
$ slipway check
! slipway.yaml:1:10: this program reads version 1 of the format, not '2'
!     slipway: 2
!              ^
= 1

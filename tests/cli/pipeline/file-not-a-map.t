# The file is a map.
# schema: refuses
file slipway.yaml
| - slipway: 1
$ slipway check
! slipway.yaml:1:1: the file must be a map, not a list
!     - slipway: 1
!     ^
= 1

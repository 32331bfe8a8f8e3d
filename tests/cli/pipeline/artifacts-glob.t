# Globs stay below the output folder.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
|     artifacts: [ /etc/passwd, ../x, "a/**b", "x[" ]
$ slipway check
! slipway.yaml:6:18: 'artifacts': cannot use glob '/etc/passwd': empty part at column 1
!         artifacts: [ /etc/passwd, ../x, "a/**b", "x[" ]
!                      ^
! slipway.yaml:6:31: 'artifacts': cannot use glob '../x': '.' or '..' at column 1
!         artifacts: [ /etc/passwd, ../x, "a/**b", "x[" ]
!                                   ^
! slipway.yaml:6:37: 'artifacts': cannot use glob 'a/**b': '**' beside other text at column 3
!         artifacts: [ /etc/passwd, ../x, "a/**b", "x[" ]
!                                         ^
! slipway.yaml:6:46: 'artifacts': cannot use glob 'x[': '[' without ']' at column 2
!         artifacts: [ /etc/passwd, ../x, "a/**b", "x[" ]
!                                                  ^
= 1
